"""Schema migrations, run by `parley.store.engine.migrate`."""
