"""The engine of Moorings: a pure core, ports, operations over them, and adapters behind them."""

__version__ = "0.1.0"
