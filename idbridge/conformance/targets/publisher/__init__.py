"""What a state or a region publishes, looked at as a careful consumer does who has never seen it before."""
