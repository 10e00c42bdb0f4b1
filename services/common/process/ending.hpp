// What is done when an object goes, as a member beside it: members go in the reverse order of their
// declaration, so an owner that declares each part after what it refers to, and an ending after
// what it ends, needs no list of what stops when.
//
//     std::unique_ptr<Node> node;
//     Ending stop_node;             // = Ending([this] { node->stop(); }), once there is a node
//     std::unique_ptr<Server> server;
//
// Thread-safety: none.
#pragma once

#include <functional>
#include <utility>

#include "common/process/edge.hpp"

namespace tutti::services::process {

class Ending {
public:
    Ending() = default;
    explicit Ending(std::function<void()> end) noexcept : end_(std::move(end)) {}
    Ending(Ending&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
    // Requires: this one has nothing to end yet.
    Ending& operator=(Ending&& other) noexcept {
        end_ = std::exchange(other.end_, nullptr);
        return *this;
    }
    ~Ending() {
        if (end_) contain("an ending", end_);
    }

private:
    std::function<void()> end_;
};

}  // namespace tutti::services::process
