// expects: an option that is a Duration .* needs a unit
#include "tutti/options.hpp"

void declare(tutti::CacheOptions<int, int> options);
void f() { declare({.name = "n", .load_deadline = 5}); }
