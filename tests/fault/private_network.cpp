// A direction is cut where its packets leave: by a queue of the sender's end that drops what it is
// given ("blackhole"), and says that it was sent.
#include "fault/private_network.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "support/program.hpp"

namespace tests::fault {

namespace {

[[noreturn]] void throw_errno(const std::string& what) {
    throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

// In the namespace of the calling thread.
void shell(const std::string& commands) {
    Program program("/bin/sh", {"-ec", "PATH=$PATH:/usr/sbin:/sbin\n" + commands}, {});
    if (program.wait() != 0) throw std::runtime_error(commands + ": " + program.err());
}

}  // namespace

PrivateNetwork::Namespace::Namespace()
    : file_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) throw_errno("/proc/thread-self/ns/net");
}

PrivateNetwork::Namespace::~Namespace() { ::close(file_); }

void PrivateNetwork::Namespace::enter() const {
    if (::setns(file_, CLONE_NEWNET) != 0) throw_errno("setns");
}

std::string PrivateNetwork::Namespace::path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_);
}

// A thread that cannot go home would have its test go on where it must not.
PrivateNetwork::Home::~Home() {
    if (left_) namespace_.enter();
}

PrivateNetwork::Namespace PrivateNetwork::Home::leave() {
    if (::unshare(CLONE_NEWNET) != 0) throw_errno("unshare(CLONE_NEWNET)");
    left_ = true;
    return {};
}

PrivateNetwork::PrivateNetwork() {
    shell("ip link set lo up; ip link add near type veth peer name far netns " + far_.path() +
          "; ip address add " + near_address + "/30 dev near; ip link set near up");
    on_far_side([] {
        shell("ip link set lo up; ip address add 192.0.2.2/30 dev far; ip link set far up");
    });
    // Not to find out in the middle of a test.
    cut(Way::to_near);
    heal();
}

void PrivateNetwork::on_far_side(const std::function<void()>& act) const {
    far_.enter();
    try {
        act();
    } catch (...) {
        near_.enter();
        throw;
    }
    near_.enter();
}

void PrivateNetwork::cut(Way way) const {
    if (way == Way::to_far) return shell("tc qdisc replace dev near root blackhole");
    on_far_side([] { shell("tc qdisc replace dev far root blackhole"); });
}

void PrivateNetwork::heal() const {
    const auto restore = [](const std::string& end) {
        shell("tc qdisc replace dev " + end + " root pfifo");
    };
    restore("near");
    on_far_side([&] { restore("far"); });
}

}  // namespace tests::fault
