#include "fault/private_network.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

namespace tests::fault {
namespace {

using Way = PrivateNetwork::Way;

std::string network_of(const std::string& thread) {
    std::error_code gone;
    return std::filesystem::read_symlink("/proc/" + thread + "/ns/net", gone).string();
}

// Of the threads and children of this process: another one may be given the number of a network
// that is gone.
std::set<std::string> networks() {
    std::set<std::string> all;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        all.insert(network_of("self/task/" + thread.path().filename().string()));
        std::ifstream children(thread.path() / "children");
        for (std::string child; children >> child;) all.insert(network_of(child));
    }
    return all;
}

// A connection from the far side to the near one.
class Connected {
public:
    explicit Connected(const PrivateNetwork& network) {
        const int listener = tcp();
        sockaddr_in address{};
        address.sin_family = AF_INET;
        ::inet_pton(AF_INET, PrivateNetwork::near_address, &address.sin_addr);
        socklen_t size = sizeof address;
        auto* const where = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener, where, size), 0);
        EXPECT_EQ(::listen(listener, 1), 0);
        EXPECT_EQ(::getsockname(listener, where, &size), 0);
        network.on_far_side([&] { far_ = tcp(); });
        EXPECT_EQ(::connect(far_, where, size), 0);
        near_ = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        ::close(listener);
    }
    ~Connected() {
        ::close(far_);
        ::close(near_);
    }
    Connected(const Connected&) = delete;
    Connected& operator=(const Connected&) = delete;

    // Whether the other side has it within `patience`.
    [[nodiscard]] bool reaches_near(int patience) const { return carries(far_, near_, patience); }
    [[nodiscard]] bool reaches_far(int patience) const { return carries(near_, far_, patience); }
    [[nodiscard]] bool is_late_at_near(int patience) const { return takes(near_, patience); }

private:
    static int tcp() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }
    static bool carries(int from, int to, int patience) {
        EXPECT_EQ(::send(from, "x", 1, MSG_NOSIGNAL), 1);
        return takes(to, patience);
    }
    static bool takes(int to, int patience) {
        pollfd one{.fd = to, .events = POLLIN, .revents = 0};
        char letter = 0;
        return ::poll(&one, 1, patience) == 1 && ::recv(to, &letter, 1, 0) == 1;
    }

    int far_ = -1;
    int near_ = -1;
};

constexpr int a_while_ms = 100;
constexpr int ample_ms = 10'000;

class PrivateNetworks : public ::testing::Test {
protected:
    void SetUp() override {
        try {
            network = std::make_unique<PrivateNetwork>();
        } catch (const std::runtime_error& error) {
            GTEST_SKIP() << error.what();
        }
    }

    const std::string home = network_of("thread-self");
    std::unique_ptr<PrivateNetwork> network;
};

TEST_F(PrivateNetworks, LosesWhatTravelsOneWayAndDeliversTheOther) {
    const Connected connected(*network);
    ASSERT_TRUE(connected.reaches_near(ample_ms));
    ASSERT_TRUE(connected.reaches_far(ample_ms));

    network->cut(Way::to_near);

    EXPECT_FALSE(connected.reaches_near(a_while_ms));
    EXPECT_TRUE(connected.reaches_far(ample_ms));

    network->heal();

    EXPECT_TRUE(connected.is_late_at_near(ample_ms)) << "TCP sends again what was lost";
}

TEST_F(PrivateNetworks, LosesTheOtherWay) {
    const Connected connected(*network);

    network->cut(Way::to_far);

    EXPECT_FALSE(connected.reaches_far(a_while_ms));
    network->heal();
    EXPECT_TRUE(connected.reaches_far(ample_ms));
}

TEST_F(PrivateNetworks, TakesItsThreadHomeAgain) {
    const std::string near = network_of("thread-self");
    std::string far;
    network->on_far_side([&] { far = network_of("thread-self"); });

    EXPECT_EQ(network_of("thread-self"), near);
    network.reset();

    EXPECT_EQ(network_of("thread-self"), home);
    EXPECT_EQ((std::set{home, near, far}).size(), 3U);
    EXPECT_THAT(networks(), ::testing::Not(::testing::Contains(near)));
    EXPECT_THAT(networks(), ::testing::Not(::testing::Contains(far)));
}

TEST_F(PrivateNetworks, CannotBeHadWithoutTheRightToThem) {
    network.reset();

    EXPECT_EXIT(
        {
            if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(1);
            try {
                const PrivateNetwork refused;
            } catch (const std::runtime_error& error) {
                const bool says = std::string(error.what()).starts_with("unshare(CLONE_NEWNET): ");
                const bool at_home = network_of("thread-self") == home;
                ::_exit(says && at_home ? 0 : 2);
            }
            ::_exit(3);
        },
        ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tests::fault
