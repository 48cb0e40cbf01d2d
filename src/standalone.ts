import { main } from './cli.js';

/** The whole program in one executable, with a JavaScript engine of its own. */
main(process.argv);
