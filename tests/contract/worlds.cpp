#include "contract/contract_world.hpp"

namespace tutti::contract {

std::vector<WorldFactory> worlds() {
    return {{.name = "Embedded", .make = make_embedded_world},
            {.name = "Redis", .make = make_redis_world}};
}

}  // namespace tutti::contract
