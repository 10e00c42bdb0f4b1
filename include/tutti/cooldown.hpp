// At most once per key and period, on this instance: for notifications and other things that annoy
// when repeated and do no harm when two instances each do them once.
//
// Not promised: anything across instances (that is `reservation`), and nothing survives a restart.
// Forgetting early is possible when the bound is reached: the key that was allowed longest ago
// goes.
//
// Thread-safety: every function may be called from any thread; the check and the claim are one
// step. Blocking: never. Expired keys are swept once per period, and at most once a second.
// In a child that was forked from the node's process, and of a cooldown that the node has refused:
// no claim is granted, ever; `Node::start` there says why.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/key.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {

struct CooldownOptions {
    std::string name;                                     // mandatory
    std::string caches;                                   // mandatory
    std::optional<OptionDuration> period = std::nullopt;  // mandatory, more than zero
    std::optional<Bound> bound = std::nullopt;            // mandatory, in entries
    std::string note = {};
};

namespace detail {

class CooldownCore {
public:
    virtual ~CooldownCore() = default;
    virtual bool try_claim(std::string_view key) = 0;
    virtual void release(std::string_view key) = 0;
};

}  // namespace detail

// Made by `Node::cooldown`. Example: examples/cooldown.cpp
template <Key K>
class Cooldown {
public:
    explicit Cooldown(std::shared_ptr<detail::CooldownCore> core) noexcept
        : core_(std::move(core)) {}

    // True: `key` was not claimed within the last period, and now the caller has. Allowed again at
    // exactly one period; a refused call does not extend the wait.
    [[nodiscard]] bool try_claim(const K& key) const {
        const auto& text = KeyText<K>::text(key);
        return core_->try_claim(text);
    }

    // Gives a claim back, for example when the notification could not be sent.
    void release(const K& key) const {
        const auto& text = KeyText<K>::text(key);
        core_->release(text);
    }

private:
    std::shared_ptr<detail::CooldownCore> core_;  // never null
};

}  // namespace tutti
