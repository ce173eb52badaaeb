-- For SQLite and PostgreSQL alike, but for the columns of type KEY, which number themselves: `schema.rs` says how.
-- Instants are milliseconds since 1970, in UTC.

CREATE TABLE people (
    id KEY,
    name TEXT NOT NULL UNIQUE,
    hue BIGINT NOT NULL
);

-- `revision` counts the changes; each begins by adding to it, which has them happen one after the other.
CREATE TABLE boards (
    id KEY,
    name TEXT NOT NULL UNIQUE,
    revision BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE columns (
    id KEY,
    board_id BIGINT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    position BIGINT NOT NULL
);

CREATE INDEX columns_of_board ON columns (board_id, position);

-- `version` counts the changes to what the card says, not its moves.
CREATE TABLE cards (
    id KEY,
    board_id BIGINT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    column_id BIGINT NOT NULL REFERENCES columns (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    assignee_id BIGINT REFERENCES people (id) ON DELETE SET NULL,
    due TEXT,
    version BIGINT NOT NULL DEFAULT 1
);

CREATE INDEX cards_of_board ON cards (board_id, id);
CREATE INDEX cards_of_column ON cards (column_id, position);

-- What they contain is in a file whose name is the id.
CREATE TABLE attachments (
    id KEY,
    card_id BIGINT NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX attachments_of_card ON attachments (card_id);

-- It outlives the cards that it is about, hence their title.
CREATE TABLE activity (
    id KEY,
    board_id BIGINT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    person_id BIGINT REFERENCES people (id) ON DELETE SET NULL,
    card_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX activity_of_board ON activity (board_id, id);
