-- What all scripts of the queue share. KEYS[1]: the stream; every other key begins with its name,
-- see job_queue_redis.hpp.
local stream, group = KEYS[1], 'workers'
local figures = stream .. ':figures'

local function record_of(id) return stream .. ':job:' .. id end

local function count(figure, by) redis.call('HINCRBY', figures, figure, by) end

local function now_ms()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function decimal(number) return string.format('%.0f', number) end

-- Says it in the record and in the figures, which count what waits and what is with a worker.
local function set_status(record, status)
    local before = redis.call('HMGET', record, 'status', 'bytes')
    local function move(state, by)
        if state == 'waiting' or state == 'waiting-children' then
            count('waiting', by)
            count('bytes', by * (tonumber(before[2]) or 0))
        elseif state == 'active' then
            count('active', by)
        end
    end
    move(before[1], -1)
    move(status, 1)
    redis.call('HSET', record, 'status', status)
end

-- A job may be claimed: it has a ticket in the stream.
local function make_ready(id)
    return redis.call('XADD', stream, '*', 'jobId', id)
end

local function drop_ticket(ticket)
    redis.call('XACK', stream, group, ticket)
    redis.call('XDEL', stream, ticket)
end

-- The ticket is free when it has been idle as long as a lease: after `delay` ms. It belongs to no
-- worker, so that nothing of its last one is pending.
local function free_ticket(ticket, lease, delay)
    redis.call('XCLAIM', stream, group, '-', 0, ticket, 'IDLE', decimal(lease - delay), 'JUSTID')
end

local function is_held(record, token)
    return redis.call('HGET', record, 'token') == token
end
