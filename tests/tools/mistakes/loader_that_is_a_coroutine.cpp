// expects: a coroutine is no loader by itself
#include <boost/asio/awaitable.hpp>

#include "tutti/options.hpp"

void declare(tutti::CacheOptions<int, int> options);
void f() {
    declare({.name = "n", .load = [](int key, tutti::LoadContext) -> boost::asio::awaitable<int> {
                 co_return key;
             }});
}
