// expects: an option that is a Duration .* needs a unit
#include "tutti/node.hpp"

void f() { (void)tutti::Node::create({.name = "n", .lease = 3}); }
