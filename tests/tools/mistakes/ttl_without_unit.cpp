// expects: a Ttl .* needs a unit
#include "tutti/options.hpp"

void declare(tutti::CacheOptions<int, int> options);
void f() { declare({.name = "n", .ttl = 30}); }
