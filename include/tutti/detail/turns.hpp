// Whose turn it is: two queues of numbers, first in, first out, which share their memory.
//
// Mechanism: a queue is a chain of blocks, filled at one end and read at the other, so that neither
// end waits for more than its own block. A block that was read to its end is used again for either
// queue. Nothing in a queue moves, so that no operation pays for growth.
//
// Thread-safety: none. Cost: constant.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "tutti/detail/huge_pages.hpp"
#include "tutti/detail/reclaim.hpp"
#include "tutti/detail/segments.hpp"

namespace tutti::detail {

class Turns {
public:
    explicit Turns(HugePages* huge) noexcept : blocks_(huge) {}

    // Makes sure that both queues together may get one longer than they are now, whichever way
    // they share it, without an allocation. Throws std::bad_alloc.
    void reserve() {
        // Both ends of a queue may be in blocks that are nearly empty.
        const std::size_t needed = (size_ + 1) / Block::length + 2 * queues_.size();
        while (opened_ < needed) open();
    }

    // Requires: `reserve`, see there.
    void push(unsigned to, std::uint32_t number) noexcept {
        Queue& queue = queues_[to];
        if (queue.end == Block::length) lengthen(queue);
        queue.last->numbers[queue.end++] = number;
        ++size_;
    }
    // Requires: not empty.
    [[nodiscard]] std::uint32_t pop(unsigned from) noexcept {
        Queue& queue = queues_[from];
        const std::uint32_t number = queue.first->numbers[queue.begin++];
        if (queue.begin == Block::length) shorten(queue);
        --size_;
        return number;
    }
    [[nodiscard]] bool empty(unsigned queue) const noexcept {
        const Queue& of = queues_[queue];
        return of.first == nullptr || (of.first == of.last && of.begin == of.end);
    }
    // The one that `pop` takes. Requires: not empty.
    [[nodiscard]] std::uint32_t front(unsigned queue) const noexcept {
        return queues_[queue].first->numbers[queues_[queue].begin];
    }
    // Cost: constant.
    void clear() noexcept {
        for (Queue& queue : queues_) {
            if (queue.first == nullptr) continue;
            queue.last->next = free_;
            free_ = queue.first;
            queue = Queue{};
        }
        size_ = 0;
    }
    // A number that may come up soon, or that came up before. Requires: not empty.
    [[nodiscard]] std::uint32_t ahead(unsigned from) const noexcept {
        constexpr std::uint32_t pops = 4;
        const Queue& queue = queues_[from];
        return queue.first->numbers[std::min(queue.begin + pops, Block::length - 1)];
    }

private:
    friend struct testing::MemoryCacheInspector;

    struct Block {
        static constexpr std::uint32_t length = 62;

        Block* next = nullptr;  // in its queue, or among the free ones
        std::uint32_t numbers[length] = {};
    };
    static_assert(sizeof(Block) == 256);

    // No block: empty.
    struct Queue {
        Block* first = nullptr;
        Block* last = nullptr;
        std::uint32_t begin = 0;            // in `first`
        std::uint32_t end = Block::length;  // in `last`
    };

    void open() {
        blocks_.ensure(opened_);
        give_back(new (blocks_.at(opened_)) Block);
        ++opened_;
    }
    void give_back(Block* block) noexcept {
        block->next = free_;
        free_ = block;
    }

    void lengthen(Queue& queue) noexcept {
        Block* const block = free_;
        free_ = block->next;
        block->next = nullptr;
        (queue.last == nullptr ? queue.first : queue.last->next) = block;
        queue.last = block;
        queue.end = 0;
    }
    void shorten(Queue& queue) noexcept {
        Block* const read = queue.first;
        if (read == queue.last) {
            queue = Queue{};
        } else {
            queue.first = read->next;
            queue.begin = 0;
        }
        give_back(read);
    }

    std::array<Queue, 2> queues_;
    std::size_t size_ = 0;  // of both
    Block* free_ = nullptr;
    std::uint32_t opened_ = 0;
    Segments<2, sizeof(Block)> blocks_;
};

}  // namespace tutti::detail
