"""Who may issue what, when: lists, their acceptance, snapshots and the look-up."""
