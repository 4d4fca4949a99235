"""What every request passes: bounds, headers, who asks, and how errors are said."""
