-- How a job ends, whoever found it out.

local function leave_dead_letter(id, cause, attempts)
    local known = redis.call('HMGET', record_of(id), 'requestId', 'name')
    redis.call('XADD', stream .. ':dead', 'MAXLEN', 1000, '*', 'jobId', id, 'requestId', known[1] or '',
        'name', known[2] or '', 'attempts', attempts, 'cause', cause)
    count('dead', 1)
end

-- The conversation of a job that has ended, what it paid for and its lease are gone.
local function strip(record)
    redis.call('HDEL', record, 'data', 'bytes', 'token', 'ticket', 'worker')
    for _, field in ipairs(redis.call('HKEYS', record)) do
        if string.sub(field, 1, 5) == 'paid:' then redis.call('HDEL', record, field) end
    end
end

-- A record that its parent will read is kept until the parent has ended.
local function tell_family(id, ttl)
    local record = record_of(id)
    local family = redis.call('HMGET', record, 'parent', 'children')
    if family[2] then
        for _, child in ipairs(cjson.decode(family[2])) do
            redis.call('EXPIRE', record_of(child), ttl)
        end
    end
    local parent = family[1] and record_of(family[1])
    if not parent or redis.call('HGET', parent, 'status') ~= 'waiting-children' then
        redis.call('EXPIRE', record, ttl)
        return
    end
    if redis.call('HINCRBY', parent, 'left', -1) > 0 then return end
    set_status(parent, 'waiting')
    make_ready(family[1])
end

local function announce(id, status, text, at)
    redis.call('XADD', stream .. ':finished', 'MAXLEN', '~', 1000, '*', 'jobId', id, 'status', status)
    local job = redis.call('HMGET', record_of(id), 'channel', 'reference', 'requestId')
    if not job[1] then return end
    local result = text
    if status == 'failed' then
        result = cjson.encode({requestId = job[3], success = false, error = text})
    end
    redis.call('XADD', 'job-results', 'MAXLEN', '~', 10000, '*', 'jobId', id, 'requestId', job[3],
        'result', result, 'completedAt', at, 'channel', job[1], 'reference', job[2])
end

-- `text` is the result of a completed job, the cause of a failed one.
local function finish(id, status, text, at, ttl)
    local record = record_of(id)
    local ticket = redis.call('HGET', record, 'ticket')
    set_status(record, status)
    redis.call('HDEL', record, 'error')
    redis.call('HSET', record, status == 'completed' and 'result' or 'error', text, 'progress', 100)
    announce(id, status, text, at)
    strip(record)
    tell_family(id, ttl)
    if ticket then drop_ticket(ticket) end
end
