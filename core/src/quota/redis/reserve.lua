-- Units, and who spends them.
local units, entry = tonumber(ARGV[11]), ARGV[12]
if moved() then
    return answer({ 'moved', {} })
end
local standing = counts()
local _, full = left(standing, units)
if full then
    return answer({ 'no', { full } })
end
local taken = take(standing, units)
spend(entry, units)
return answer({ 'yes', taken })
