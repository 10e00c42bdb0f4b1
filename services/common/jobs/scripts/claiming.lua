-- How the next job is leased, to a claim or to the end of the job before. ARGV: 1 worker, 2 token, 3
-- lease (ms), 4 attempts_max, 5 the time as text, 6 ttl of an ended record (s), 7 of one that has not
-- ended, 8 the cursor of the scan for lapsed leases, 9 `again` when the answer to the last call with
-- this token was lost, 10 the most bytes of a job that the answer may have.
local worker, token, lease, attempts_max = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
-- `made`: the group was not there, and is now.
local cursor, made = ARGV[8], 0

-- The stream is there, and its group.
local function claim_lapsed()
    local page = redis.pcall('XAUTOCLAIM', stream, group, worker, lease, cursor, 'COUNT', 1, 'JUSTID')
    if not page.err then return page end
    if string.sub(page.err, 1, 7) ~= 'NOGROUP' then error(page) end
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
    made = 1
    return redis.call('XAUTOCLAIM', stream, group, worker, lease, cursor, 'COUNT', 1, 'JUSTID')
end

local function job_of(entry) return (fields_of(entry) or {}).jobId end

local function entry_of(ticket) return redis.call('XRANGE', stream, ticket, ticket)[1] end

-- A ticket whose lease has lapsed, or that was given back. A page without one is not the end of the
-- scan.
local function lapsed_ticket()
    for _ = 1, 100 do
        local page = claim_lapsed()
        cursor = page[1]
        if page[2][1] then return entry_of(page[2][1]) or {page[2][1], {}} end
        if cursor == '0-0' then return nil end
    end
end

local function new_ticket()
    local read = redis.call('XREADGROUP', 'GROUP', group, worker, 'COUNT', 1, 'STREAMS', stream, '>')
    return read and read[1][2][1]
end

-- {jobId, ticket, attempt, requestId, name, data, children, channel, reference}
local function leased(id, ticket, attempt, job)
    return {id, ticket, attempt, job[1] or '', job[2], job[3], job[4] or '', job[5] or '', job[6] or ''}
end

local function read_job(id)
    return of_record('HMGET', record_of(id), 'requestId', 'name', 'data', 'children', 'channel',
        'reference', 'status', 'bytes', 'attempts', 'error')
end

-- The lease that the lost answer spoke of; none without a group.
local function known_lease()
    local all = redis.pcall('XPENDING', stream, group, '-', '+', 1000, worker)
    for _, pending in ipairs(all.err and {} or all) do
        local id = job_of(entry_of(pending[1]))
        if id and is_held(record_of(id), token) then
            local job = read_job(id)
            return leased(id, pending[1], tonumber(job[9]), job)
        end
    end
end

-- The ticket of a result says all of it. Its record is made when a bot claims it first, so that
-- nothing remains of what others read.
local function make_record_of_result(entry, record)
    local result = fields_of(entry)
    if not result.result or redis.call('EXISTS', record) == 1 then return end
    redis.call('HSET', record, 'requestId', result.requestId or '', 'name', 'reply-delivery', 'data',
        result.result, 'bytes', #result.result, 'channel', result.channel or '', 'reference',
        result.reference or '', 'progress', 0)
    set_status(record, 'waiting')
end

-- Leases the ticket's job, or says why it cannot be carried out, which ends it.
local function take(entry)
    local ticket, id = entry[1], job_of(entry)
    if id and stream == results then make_record_of_result(entry, record_of(id)) end
    local job = id and read_job(id)
    local status = job and job[7]
    if not status then
        leave_dead_letter(id or '', not id and 'the entry names no job'
            or job and 'its record is gone' or 'its record is no hash', 0)
        drop_ticket(ticket)
        return nil
    end
    if status == 'completed' or status == 'failed' then
        drop_ticket(ticket)
        return nil
    end
    local record, attempts = record_of(id), tonumber(job[9]) or 0
    local cause = nil
    if not (job[2] and job[3]) then cause = 'its record has no name or no data' end
    if #(job[2] or '') + #(job[3] or '') + #(job[4] or '') > tonumber(ARGV[10]) then
        cause = 'it is larger than what a worker can be told'
    end
    if attempts >= attempts_max then
        cause = 'no worker ended it in ' .. attempts .. ' attempts'
        if job[10] then cause = cause .. '; an earlier one failed: ' .. job[10] end
    end
    if cause then
        redis.call('HSET', record, 'ticket', ticket)
        leave_dead_letter(id, cause, attempts)
        finish(id, 'failed', cause, ARGV[5], ARGV[6])
        return nil
    end
    count_status(status, 'active', job[8])
    redis.call('HSET', record, 'status', 'active', 'ticket', ticket, 'token', token, 'worker', worker,
        'attempts', attempts + 1)
    redis.call('EXPIRE', record, ARGV[7])
    return leased(id, ticket, attempts + 1, job)
end

-- The next job, leased; else nothing, and whether there may be more.
local function next_job()
    for _ = 1, 16 do
        local entry = lapsed_ticket() or (cursor == '0-0' and new_ticket())
        if not entry then return nil, cursor ~= '0-0' end
        local job = take(entry)
        if job then return job end
    end
    return nil, true
end
