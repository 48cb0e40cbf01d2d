import { main } from './cli.js';

/** Starts the program: the bundle that bin/dmar.js loads, and the executable with an engine of its own. */
main(process.argv);
