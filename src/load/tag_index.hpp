// Which entries of memory carry which tags, so that an invalidated tag finds its entries without a
// look at the others. Memory itself knows no tags: a hit costs the same with and without them.
//
// Memory evicts without a word, so a key may stand here that is there no more; that removes
// nothing. `look_over` finds such keys bit by bit, as further ones are added.
//
// Cost: `put` and `erase` are linear in the tags of the entry, `take` in the entries of the tag;
// about 200 bytes for an entry of two tags, beside the texts.
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace tutti {

class TagIndex {
public:
    // In place of those that the key had.
    void put(const std::string& key, const std::vector<std::string>& tags) {
        erase(key);
        if (tags.empty()) return;
        auto& [name, carried] = *keys_.try_emplace(key).first;
        for (const std::string& tag : tags) {
            auto& place = *tags_.try_emplace(tag).first;
            if (place.second.insert(name).second) carried.push_back(&place);
        }
    }
    void erase(const std::string& key) {
        if (const auto found = keys_.find(key); found != keys_.end()) (void)leave(found);
    }
    // The keys that carry it, which leave with all their tags.
    [[nodiscard]] std::vector<std::string> take(const std::string& tag) {
        std::vector<std::string> taken;
        const auto found = tags_.find(tag);
        if (found == tags_.end()) return taken;
        taken.reserve(found->second.size());
        for (const std::string_view key : found->second) taken.emplace_back(key);
        for (const std::string& key : taken) erase(key);
        return taken;
    }
    [[nodiscard]] std::size_t carriers_of(const std::string& tag) const {
        const auto found = tags_.find(tag);
        return found == tags_.end() ? 0 : found->second.size();
    }
    [[nodiscard]] std::vector<std::string> tags_of(const std::string& key) const {
        std::vector<std::string> tags;
        const auto found = keys_.find(key);
        if (found == keys_.end()) return tags;
        for (const auto* const place : found->second) tags.push_back(place->first);
        return tags;
    }

    // Looks at the keys of the next `buckets`, and forgets those of which `is_gone`.
    template <class IsGone>
    void look_over(std::size_t buckets, const IsGone& is_gone) {
        for (; buckets > 0 && !keys_.empty(); --buckets) {
            bucket_ = (bucket_ + 1) % keys_.bucket_count();
            std::vector<std::string> gone;
            for (auto it = keys_.begin(bucket_); it != keys_.end(bucket_); ++it) {
                if (is_gone(it->first)) gone.push_back(it->first);
            }
            for (const std::string& key : gone) erase(key);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

private:
    // Neither map moves what is in it. By text and not by address, or the order in which entries
    // leave would be another one on each run.
    using Carriers = std::unordered_set<std::string_view>;
    using Tags = std::unordered_map<std::string, Carriers>;
    using Keys = std::unordered_map<std::string, std::vector<Tags::value_type*>>;

    Keys::iterator leave(Keys::iterator key) {
        for (Tags::value_type* const place : key->second) {
            place->second.erase(key->first);
            if (place->second.empty()) tags_.erase(tags_.find(place->first));
        }
        return keys_.erase(key);
    }

    Keys keys_;
    Tags tags_;
    std::size_t bucket_ = 0;  // that was looked at last
};

}  // namespace tutti
