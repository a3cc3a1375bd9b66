"""The compute lease played through from a first offer to paid sellers, on a throwaway chain, with every check shown."""
