// A command of your own, over the URL that the nodes use: redis_commands redis://127.0.0.1:6379
#include <chrono>
#include <iostream>

#include "tutti/redis/connection.hpp"

int main(int argc, char** argv) {
    using namespace std::chrono_literals;
    using tutti::Boottime;

    // Where nothing listens, unless an address is given.
    const auto server = tutti::redis::Connector::create(argc > 1 ? argv[1] : "redis://127.0.0.1:1");
    if (!server) {
        std::cerr << server.error().message() << '\n';
        return 1;
    }
    auto connection = server->connect(Boottime::now() + 1s);
    if (!connection) {
        // Nothing was sent: trying again is safe.
        std::cout << connection.error().message() << '\n';
        return 0;
    }
    const auto length = connection->command({"XLEN", "jobs"}, Boottime::now() + 2s);
    if (!length) {
        // Errc::timeout: it may have been carried out, so only what may happen twice is sent again.
        std::cout << length.error().message() << '\n';
    } else if (length->is(tutti::redis::Reply::Type::error)) {
        std::cout << "refused: " << length->text << '\n';
    } else {
        std::cout << length->integer << " jobs\n";
    }
    return 0;
}
