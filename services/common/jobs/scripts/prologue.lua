-- What all scripts of the queue share. KEYS[1]: the stream; every other key begins with its name,
-- see job_queue_redis.hpp. The results that jobs leave for the bots are a queue themselves.
local results, readers = 'job-results', 'bot-client-results'
local stream = KEYS[1]
local group = stream == results and readers or 'workers'
local figures = stream .. ':figures'

local function record_of(id) return stream .. ':job:' .. id end

local function count(figure, by) redis.call('HINCRBY', figures, figure, by) end

local function now_ms()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- An entry's fields by their names; nil: there is no entry.
local function fields_of(entry)
    if not entry then return nil end
    local fields = {}
    for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
    return fields
end

-- What XINFO says of that group of a stream; nil: there is none.
local function group_of(of, name)
    if redis.call('EXISTS', of) == 0 then return nil end
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', of)) do
        local known = {}
        for i = 1, #info, 2 do known[info[i]] = info[i + 1] end
        if known.name == name then return known end
    end
end

local function decimal(number) return string.format('%.0f', number) end

-- The figures count what waits and what is with a worker.
local function count_status(before, after, bytes)
    local function move(state, by)
        if state == 'waiting' or state == 'waiting-children' then
            count('waiting', by)
            count('bytes', by * (tonumber(bytes) or 0))
        elseif state == 'active' then
            count('active', by)
        end
    end
    move(before, -1)
    move(after, 1)
end

local function set_status(record, status)
    local before = redis.call('HMGET', record, 'status', 'bytes')
    count_status(before[1], status, before[2])
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

-- Of a record; nil when another program made something else of its key, which is no job then.
local function of_record(command, record, ...)
    local reply = redis.pcall(command, record, ...)
    if type(reply) ~= 'table' or not reply.err then return reply end
    if string.sub(reply.err, 1, 9) ~= 'WRONGTYPE' then error(reply) end
end

local function is_held(record, token)
    return of_record('HGET', record, 'token') == token
end
