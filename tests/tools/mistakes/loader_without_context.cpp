// expects: takes a LoadContext beside the key
#include "tutti/options.hpp"

void declare(tutti::CacheOptions<int, int> options);
void f() {
    declare({.name = "n", .load = [](const int& key) { return key; }});
}
