-- Writes what one chunk changes, and how far the flow has come with it, in one step or not at all.
--
-- KEYS: the flow's hash of offsets.
-- ARGV: partition, the offset this chunk starts at ('' for nowhere yet), the next one,
--       in MessagePack {seen = {{key, seconds, how many}...}, ops = {{name, argument...}...}, since = offset or nil},
--       and the ids of all events seen, 16 bytes each (this MessagePack knows no bytes).
-- Answers {'moved', offset} when another has written meanwhile, {'doubles', id...} when some events were counted
-- before (nothing is changed then, the caller leaves them out), else {'done', result...}.

local SPAN = 8388608 -- 2^23: below it the tie-break, above it the score (features/leaderboards.py)
local HIGHEST = 1073741823

local at = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if at ~= ARGV[2] then return {'moved', at} end
local change = cmsgpack.unpack(ARGV[4])

local doubles, groups, from = {'doubles'}, {}, 1
for number, group in ipairs(change.seen) do
  local ids = {}
  for i = 1, group[3] do
    ids[i] = string.sub(ARGV[5], from, from + 15)
    from = from + 16
  end
  groups[number] = ids
  for i, is in ipairs(redis.call('SMISMEMBER', group[1], unpack(ids))) do
    if is == 1 then doubles[#doubles + 1] = ids[i] end
  end
end
if #doubles > 1 then return doubles end
for number, group in ipairs(change.seen) do
  redis.call('SADD', group[1], unpack(groups[number]))
  redis.call('EXPIRE', group[1], group[2])
end

local results = {'done'}
local run = {}

-- key, field, value: keep the largest
function run.largest(key, field, value)
  local known = redis.call('HGET', key, field)
  if not known or tonumber(known) < value then redis.call('HSET', key, field, value) end
end

-- board, totals, member, more, tie: add to a total and place its owner; of equals the one who got there first leads
function run.place(board, totals, member, more, tie)
  local total = math.min(redis.call('HINCRBY', totals, member, more), HIGHEST)
  if total <= 0 then -- all of it was taken back
    redis.call('HDEL', totals, member)
    redis.call('ZREM', board, member)
    return
  end
  local known = redis.call('ZSCORE', board, member)
  if known then tie = math.max(tie, SPAN - 1 - tonumber(known) % SPAN) end
  redis.call('ZADD', board, total * SPAN + (SPAN - 1 - tie), member)
end

-- key, counter, mark [, group, most]: count a mark once, and of one group not more than most
function run.mark(key, counter, mark, group, most)
  if redis.call('HSETNX', key, mark, 1) == 0 then return end
  if group and redis.call('HINCRBY', key, group, 1) > most then return end
  redis.call('HINCRBY', key, counter, 1)
end

-- person's hash, the day's hash, id, weights, boards: the day's experience anew (features/experience.py), and its level
function run.learn(person, day, id, weights, boards)
  local did = {}
  for i, name in ipairs({'slots', 'texts', 'reactions', 'watch', 'paid', 'prizes', 'xp'}) do
    did[name] = tonumber(redis.call('HGET', day, name) or 0)
  end
  local cap, most_spend, tokens, chat, reaction, watch = unpack(weights)
  local spend = math.min(most_spend, math.max(0, math.floor(did.paid / tokens)) + did.prizes)
  local talk = chat * math.min(did.slots, did.texts)
  local gained = math.min(cap, talk + spend + reaction * did.reactions + watch * did.watch) - did.xp
  if gained == 0 then return end -- less than nothing after a refund
  redis.call('HINCRBY', day, 'xp', gained)
  local xp = redis.call('HINCRBY', person, 'xp', gained)
  for _, board in ipairs(boards) do
    run.place(board[1], board[2], id, gained, board[3])
    if board[4] > 0 then
      redis.call('EXPIRE', board[1], board[4])
      redis.call('EXPIRE', board[2], board[4])
    end
  end
  local level = math.floor((50 + math.floor(math.sqrt(2500 + 200 * xp))) / 100)
  local before = tonumber(redis.call('HGET', person, 'level') or 1)
  if level ~= before then redis.call('HSET', person, 'level', level) end
  if level > before then results[#results + 1] = {id, level, xp} end
end

for _, op in ipairs(change.ops) do
  local own = run[op[1]]
  if own then own(unpack(op, 2)) else redis.call(unpack(op)) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if change.since then redis.call('HSET', KEYS[1], ARGV[1] .. ':since', change.since) end
return results
