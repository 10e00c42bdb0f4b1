// Coroutines on both sides of a cache: the loader is one, and so is the reader.
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tutti/asio.hpp"
#include "tutti/node.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

using Names = tutti::Coherent<int, std::string>;

asio::awaitable<void> greet(Names names, bool* greeted) {
    const auto found = co_await names.get(42, asio::use_awaitable);
    // Null when the read failed (found.error().message() says why) and when there is no such user.
    const std::string* name = found.get_if();
    if (name == nullptr) co_return;
    std::cout << "hello " << *name << '\n';
    *greeted = true;
}

int main() {
    asio::io_context context;
    auto work = asio::make_work_guard(context);
    std::jthread thread([&] { context.run(); });

    const auto node = tutti::Node::create({.name = "greeter"}).value();
    const auto names = node->coherent<int, std::string>({
        .name = "names",
        .caches = "names of users",
        .stale = tutti::Stale::wrong,
        .ttl = 60s,
        .bound = tutti::entries(1000),
        .load = tutti::awaitable_loader<int, std::string>(
            context.get_executor(),
            [](int id, tutti::LoadContext) -> asio::awaitable<tutti::Result<std::string>> {
                co_return "user " + std::to_string(id);  // a real one awaits its database
            }),
        .channel = "names",
    });
    if (!node->start()) return 1;

    bool greeted = false;
    asio::co_spawn(context, greet(names, &greeted), [](const std::exception_ptr&) {});
    work.reset();
    thread.join();
    return greeted ? 0 : 1;
}
