// expects: V is the cache's value type
#include <string>

#include "tutti/options.hpp"

void declare(tutti::CacheOptions<int, int> options);
void f() {
    declare({.name = "n", .load = [](const int&, tutti::LoadContext&) { return std::string(); }});
}
