#include "embedded/channel.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "coherence/wire.hpp"

namespace tutti::embedded {

namespace {

// FNV-1a. Chains of the embedded server are compared with each other only, and nobody forges them
// inside one process, so a cryptographic digest would buy nothing.
class Digest {
public:
    void add(std::uint64_t number) {
        for (int shift = 0; shift < 64; shift += 8) add_byte((number >> shift) & 0xff);
    }
    void add(std::string_view text) {
        add(text.size());
        for (const char c : text) add_byte(static_cast<unsigned char>(c));
    }
    [[nodiscard]] Chain chain() const { return Chain{hash_}; }

private:
    void add_byte(std::uint64_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }

    std::uint64_t hash_ = 0xcbf29ce484222325;
};

Chain initial_chain(Epoch epoch) {
    Digest digest;
    digest.add(std::to_underlying(epoch));
    return digest.chain();
}

Chain next_chain(Chain previous, Sequence sequence, const KeySet& changed) {
    Digest digest;
    digest.add(std::to_underlying(previous));
    digest.add(sequence);
    digest.add(changed.all ? 1U : 0U);
    for (const std::string& key : changed.keys) digest.add(key);
    return digest.chain();
}

Epoch random_epoch(Random& random) {
    std::uint64_t drawn = random();
    while (Epoch{drawn} == Epoch::none) drawn = random();
    return Epoch{drawn};
}

}  // namespace

void Channel::check(Identity identity, Random& random) {
    const bool intact =
        state_ && state_->identity == identity && state_->member_count == members_.size();
    if (!intact) rotate(identity, random);
}

void Channel::rotate(Identity identity, Random& random) {
    const Epoch epoch = random_epoch(random);
    const Duration lease = state_ ? state_->lease : Duration::zero();
    lose_log();
    members_.clear();
    state_ = State{.identity = identity,
                   .position = {.epoch = epoch, .sequence = 0, .chain = initial_chain(epoch)},
                   .lease = lease,
                   .prefixes = {}};
}

bool Channel::remember(const std::string& prefix) {
    std::vector<std::string>& known = state_->prefixes;
    if (std::ranges::find(known, prefix) != known.end()) return true;
    if (known.size() >= Place::prefixes_max) return false;
    known.push_back(prefix);
    return true;
}

Channel::Entry Channel::append(KeySet changed) {
    if (changed.all) changed.keys.clear();
    BusPosition& position = state_->position;
    const Chain previous = position.chain;
    ++position.sequence;
    position.chain = next_chain(previous, position.sequence, changed);
    log_bytes_ += wire::encoded_bytes(changed);
    log_.push_back(std::make_shared<const BusEntry>(
        BusEntry{.position = position, .previous = previous, .changed = std::move(changed)}));
    trim_log(log_entries_max);
    while (log_bytes_ > log_bytes_max) trim_log(log_.size() - 1);
    return log_.back();
}

void Channel::renew(const RenewRequest& request) {
    auto [place, added] = members_.try_emplace(request.member);
    if (added) ++state_->member_count;
    Member& member = place->second;
    // A position of another epoch says nothing about this one; one beyond the log comes from a history
    // that this server has lost, and would acknowledge what has not been published yet.
    const BusPosition& applied = request.applied;
    if (applied.epoch == position().epoch && applied.sequence <= position().sequence) {
        member.applied = std::max(member.applied, applied.sequence);
    }
    member.stamp = ++state_->stamps;
    state_->lease = std::max(state_->lease, request.lease);
}

void Channel::leave(const std::string& member) { state_->member_count -= members_.erase(member); }

std::vector<Channel::Entry> Channel::range(Sequence first, Sequence last) const {
    const auto before = [](const Entry& entry, Sequence sequence) {
        return entry->position.sequence < sequence;
    };
    const auto begin = std::lower_bound(log_.begin(), log_.end(), first, before);
    std::vector<Entry> entries;
    for (auto it = begin; it != log_.end() && (*it)->position.sequence <= last; ++it) {
        entries.push_back(*it);
    }
    return entries;
}

void Channel::lose_log() {
    log_.clear();
    log_bytes_ = 0;
}

void Channel::trim_log(std::size_t entries) {
    while (log_.size() > entries) {
        log_bytes_ -= wire::encoded_bytes(log_.front()->changed);
        log_.pop_front();
    }
}

}  // namespace tutti::embedded
