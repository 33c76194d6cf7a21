"""Pure rules of the views: the newest version of each thing is kept, in whatever order events arrive."""
