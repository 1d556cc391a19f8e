-- Changes that are no mistakes: no test could notice them, because what is computed is the same, or
-- differs only in what nobody is promised. Each by its key (file: kind: the line => what it
-- becomes, see draw.lua) with the reason.
return {
}
