"""Markets of many simulated agents over time: who agrees, at what price, and how much welfare is reached."""
