// A document that other programs keep in the store, and what readers of it are answered.
#include <algorithm>

#include "embedded/server.hpp"
#include "simulation/fleet.hpp"

namespace tutti::simulation {

using namespace std::chrono_literals;

// The server may be away: then there is none.
void Fleet::write_document() {
    const Version version = documents_.size() + 1;
    const std::string key(Process::document_key);
    if (!hub_->server().put(key, std::to_string(version), {.ttl = 1h})) return;
    documents_.push_back(now());
}

void Fleet::read_document(std::size_t place, std::size_t key, Duration deadline) {
    Process& process = node(place);
    if (!process.serving()) return;
    ++counts_.reads;
    // It counts from when the document arrived, which its request may have preceded by a deadline.
    const TimePoint oldest = now() - process.stretched(Process::near_ttl + 1s) - process.stalled();
    const auto owed =
        static_cast<Version>(std::ranges::upper_bound(documents_, oldest) - documents_.begin());
    const std::uint64_t id = wait(process, Trace::nobody, deadline);
    process.near().get(keys_[key], GetOptions{.deadline = deadline},
                       [=, this, &process](const Result<Lookup<Version>>& answer) {
                           answered(id);
                           if (!answer)
                               return judge_error(process, users, Trace::nobody, answer.error());
                           // A document that is lost, with the server or by its operator, tells
                           // nothing.
                           if (!*answer) return;
                           if (**answer < owed && options_.history_survives) {
                               violated("near: no answer is older than its TTL",
                                        std::to_string(**answer));
                           }
                       });
}

}  // namespace tutti::simulation
