// Two network namespaces of a test's own, and a cable between them. The thread that makes the
// object is on the near side for as long as it lives, and so is what that thread begins meanwhile;
// what it begins within `on_far_side` reaches the near side by the cable alone. There a direction
// can be cut: the kernel then drops what travels that way in silence, so TCP of both sides does
// what it does when a network loses packets.
//
// Nothing has a name that others see, and nothing is left behind: a namespace is there as long as
// this object, or a thread or process in it, and the cable goes with it, however all of these end.
// The addresses are of the block that is kept free for documentation (RFC 5737), and exist in the
// namespaces only.
//
// Needs Linux, the right to make namespaces, which root has, and `ip` and `tc` (Debian: iproute2).
// Everything blocks for milliseconds, and throws std::runtime_error that says what is missing.
//
// Thread-safety: none; one thread makes, uses and destroys it.
#pragma once

#include <functional>
#include <string>

namespace tests::fault {

class PrivateNetwork {
public:
    // What the far side calls the near one.
    static constexpr const char* near_address = "192.0.2.1";
    enum class Way : unsigned char { to_near, to_far };

    PrivateNetwork();
    PrivateNetwork(const PrivateNetwork&) = delete;
    PrivateNetwork& operator=(const PrivateNetwork&) = delete;

    // Sockets and processes stay where they were made.
    void on_far_side(const std::function<void()>& act) const;

    void cut(Way way) const;
    void heal() const;

private:
    class Namespace {
    public:
        Namespace();  // that of the calling thread
        ~Namespace();
        Namespace(const Namespace&) = delete;
        Namespace& operator=(const Namespace&) = delete;

        void enter() const;
        // Where programs find it that run while this object is there.
        [[nodiscard]] std::string path() const;

    private:
        int file_ = -1;
    };
    // Where the thread came from, and is when this ends.
    class Home {
    public:
        Home() = default;
        ~Home();
        Home(const Home&) = delete;
        Home& operator=(const Home&) = delete;

        [[nodiscard]] Namespace leave();  // for a new one

    private:
        const Namespace namespace_;
        bool left_ = false;
    };

    Home home_;
    const Namespace far_ = home_.leave();
    const Namespace near_ = home_.leave();
};

}  // namespace tests::fault
