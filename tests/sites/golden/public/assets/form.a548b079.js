// The theme's own script, so that a change of the packaged one is no change here.
