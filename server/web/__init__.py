"""The pages: a presenter makes a view model, a template shows it."""
