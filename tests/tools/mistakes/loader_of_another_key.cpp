// expects: K is the cache's key type
#include <string>

#include "tutti/options.hpp"

void declare(tutti::CacheOptions<int, int> options);
void f() {
    declare({.name = "n", .load = [](const std::string&, tutti::LoadContext&) { return 1; }});
}
