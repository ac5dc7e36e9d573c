// The console was built without its scripts: pages and forms work, nothing is live. Build web/ for the rest.
