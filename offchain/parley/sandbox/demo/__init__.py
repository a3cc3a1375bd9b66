"""The compute lease played on a throwaway chain, from a first offer to paid sellers, every check shown."""
