-- Behind the prologue of the scripts that change what members hold; ARGV[2] is the member. There is a
-- field `m:<member>` for each, with its lease and when that lapses: when the member has not renewed for
-- twice its lease (no clock_drift_max reaches 1) and a margin. Then it is forgotten as if it had left.
-- The fields outlive the epoch, as the leases do. Those named `x:<member>` do not: which renewal of the epoch
-- was the member's last.
--
-- The time for it is the channel's own, `clock`: it passes by what the server's time has moved since the
-- renewal or leave before, but only so far at once. So a server whose time is set forward ends no lease
-- early. `due`: when the next one may lapse; nil: not known.
local lapse_margin, clock_step_max = 5000, 1000  -- milliseconds, as all of these

local now = number(string.match(redis.call('INFO', 'server'), 'server_time_usec:(%d+)')) or 0
now = math.floor(now / 1000)
local fields = redis.call('HMGET', state_key, 'k', 'u', 'd', 'm:' .. ARGV[2])
local clock, due = number(fields[1]) or 0, number(fields[3])
clock = clock + math.min(math.max(now - (number(fields[2]) or now), 0), clock_step_max)

local function lapses_if_renewed_now(held)
    return clock + 2 * held + lapse_margin
end

-- Whatever is written there, nothing lasts longer than if it had been renewed just now. Nil: no lease.
local function held_by(text)
    local held, lapses = string.match(text or '', '^(%d+) (%d+)$')
    held, lapses = number(held), number(lapses)
    if not held or not lapses then return nil end
    held = math.min(held, lease_max)
    return held, math.min(lapses, lapses_if_renewed_now(held))
end

local function set_held(member, held, lapses, before)
    local text = decimal(held) .. ' ' .. decimal(lapses)
    if text ~= before then redis.call('HSET', state_key, 'm:' .. member, text) end
end

-- Forgets those whose lease has lapsed, and those of which `is_gone(member, its last renewal)`, and finds the
-- longest lease that is left.
--
-- What cannot be read is of a member all the same, which may serve: it counts as the longest lease, from now
-- on. Versions before these fields set a number here with each renewal, and raise the longest lease.
local function forget(is_gone)
    local all = redis.call('HGETALL', state_key)
    local known, lapsed, longest = 0, {}, 0
    local last = {}
    for i = 1, #all, 2 do
        local member = string.match(all[i], '^x:(.*)$')
        if member then last[member] = all[i + 1] end
    end
    due = nil
    local function stays(held, lapses)
        longest = math.max(longest, held)
        due = math.min(due or lapses, lapses)
    end
    for i = 1, #all, 2 do
        local member = string.match(all[i], '^m:(.*)$')
        if member then
            local held, lapses = held_by(all[i + 1])
            if not held then held, lapses = lease, lapses_if_renewed_now(lease) end
            known = math.max(known, held)
            if clock > lapses or is_gone(member, number(last[member])) then
                table.insert(lapsed, member)
            else
                set_held(member, held, lapses, all[i + 1])
                stays(held, lapses)
            end
            last[member] = nil
        end
    end
    for _, member in ipairs(lapsed) do
        members = members - redis.call('ZREM', acks_key, member)
        redis.call('HDEL', state_key, 'm:' .. member, 'x:' .. member)
    end
    -- Versions that knew `m:` and not `x:` leave those of the members that they forget.
    for member in pairs(last) do redis.call('HDEL', state_key, 'x:' .. member) end
    -- A longest lease that no member is known to hold.
    if lease > known then
        set_held('', lease, lapses_if_renewed_now(lease))
        stays(lease, lapses_if_renewed_now(lease))
    end
    lease = longest
end

local function save()
    redis.call('HSET', state_key, 'n', members, 't', decimal(lease), 'k', decimal(clock),
        'u', decimal(now), 'd', due and decimal(due) or '')
end
