// expects: a Bound .* says of what
#include "tutti/options.hpp"

void declare(tutti::CacheOptions<int, int> options);
void f() { declare({.name = "n", .bound = 1000}); }
