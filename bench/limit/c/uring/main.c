/* The lower bound for servers on io_uring: as few entries into the kernel as there can be, and as little as possible besides. */
#include "loop.h"

int main(int argc, char **argv) {
	struct options options = options_parse(argc, argv);
	ring_check();
	serve(options, uring_run);
	return 0;
}
