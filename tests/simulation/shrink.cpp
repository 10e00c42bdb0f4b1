#include "simulation/shrink.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>

namespace tutti::simulation {

namespace {

using Actions = std::vector<std::size_t>;

class Shrinker {
public:
    Shrinker(const Scenario& scenario, std::uint64_t seed,
             const std::function<void(std::size_t)>& progress)
        : scenario_(scenario), seed_(seed), progress_(progress) {}

    Shrunk run() {
        found_.outcome = simulate(scenario_, seed_);
        found_.of = found_.outcome.actions;
        broken_ = found_.outcome.broken;
        found_.actions.resize(found_.of);
        std::iota(found_.actions.begin(), found_.actions.end(), std::size_t{0});
        for (std::size_t parts = 2; found_.actions.size() > 1;) {
            if (leave_out_one_of(parts)) {
                parts = std::max<std::size_t>(parts - 1, 2);
            } else if (parts >= found_.actions.size()) {
                break;
            } else {
                parts = std::min(parts * 2, found_.actions.size());
            }
        }
        return std::move(found_);
    }

private:
    bool leave_out_one_of(std::size_t parts) {
        const std::size_t count = found_.actions.size();
        for (std::size_t part = 0; part < parts; ++part) {
            const auto at = [&](std::size_t number) {
                return found_.actions.begin() + static_cast<std::ptrdiff_t>(count * number / parts);
            };
            Actions rest(found_.actions.begin(), at(part));
            rest.insert(rest.end(), at(part + 1), found_.actions.end());
            if (still_breaks(std::move(rest))) return true;
        }
        return false;
    }

    bool still_breaks(Actions actions) {
        Outcome outcome = simulate(scenario_, seed_, actions);
        ++found_.runs;
        if (outcome.broken != broken_) return false;
        found_.actions = std::move(actions);
        found_.outcome = std::move(outcome);
        if (progress_) progress_(found_.actions.size());
        return true;
    }

    const Scenario& scenario_;
    const std::uint64_t seed_;
    const std::function<void(std::size_t)>& progress_;
    std::string broken_;
    Shrunk found_;
};

}  // namespace

Shrunk shrink(const Scenario& scenario, std::uint64_t seed,
              const std::function<void(std::size_t)>& progress) {
    return Shrinker(scenario, seed, progress).run();
}

}  // namespace tutti::simulation
