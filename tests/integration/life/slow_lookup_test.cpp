// A name server that does not answer: the system's resolver waits for it and cannot be interrupted.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <cstring>
#include <future>
#include <memory>
#include <utility>

#include "tutti/node.hpp"

namespace {

using namespace std::chrono_literals;

constexpr const char* silent_host = "silent.test";
std::promise<void> answer;
std::shared_future<void> answered = answer.get_future().share();

}  // namespace

// In the place of the system's, for the whole of this test program.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    if (host != nullptr && std::strcmp(host, silent_host) == 0) {
        std::shared_future(answered).wait();  // of its own: this thread outlives the program's
        return EAI_AGAIN;
    }
    static const auto real =
        reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, found);
}

namespace tests {
namespace {

TEST(SlowLookup, ANodeEndsAlthoughTheNameServerIsSilent) {
    auto node = tutti::Node::create({.name = "life",
                                     .redis = std::string("redis://") + silent_host,
                                     .app = "life",
                                     .command_deadline = 100ms,
                                     .start_degraded = true})
                    .value();
    auto ended = std::async(std::launch::async, [&] {
        const bool complete = node->stop().complete();
        node.reset();
        return complete;
    });

    const bool in_time = ended.wait_for(20s) == std::future_status::ready;
    answer.set_value();

    EXPECT_TRUE(in_time);
    EXPECT_TRUE(ended.get());
}

}  // namespace
}  // namespace tests
