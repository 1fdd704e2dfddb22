"""The drill: attacks on trust material, carried out on a throwaway region and a node that holds the honest lists."""
