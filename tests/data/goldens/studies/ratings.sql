CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE answer (
	id INTEGER NOT NULL, 
	session_token VARCHAR NOT NULL, 
	step VARCHAR NOT NULL, 
	question VARCHAR NOT NULL, 
	value JSON NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (session_token, step, question), 
	FOREIGN KEY(session_token) REFERENCES session (token)
);
CREATE TABLE event (
	arrival INTEGER NOT NULL, 
	session_token VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	client VARCHAR NOT NULL, 
	seq BIGINT NOT NULL, 
	at_ms FLOAT NOT NULL, 
	received_at VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	page BIGINT, 
	stimulus VARCHAR, 
	question VARCHAR, 
	value FLOAT, 
	data JSON NOT NULL, 
	PRIMARY KEY (arrival), 
	UNIQUE (session_token, id), 
	FOREIGN KEY(session_token) REFERENCES session (token)
);
CREATE INDEX event_in_order ON event (session_token, client, seq);
CREATE INDEX ix_page_session_token ON page (session_token);
CREATE INDEX ix_presentation_page_id ON presentation (page_id);
CREATE TABLE page (
	id INTEGER NOT NULL, 
	session_token VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	part VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	passage VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	repeat INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	comment VARCHAR NOT NULL, 
	first_at VARCHAR, 
	done_at VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (session_token, number), 
	FOREIGN KEY(session_token) REFERENCES session (token)
);
CREATE TABLE presentation (
	token VARCHAR NOT NULL, 
	page_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	label VARCHAR NOT NULL, 
	system VARCHAR NOT NULL, 
	shown VARCHAR NOT NULL, 
	audio VARCHAR NOT NULL, 
	start JSON NOT NULL, 
	comment VARCHAR NOT NULL, 
	plays INTEGER NOT NULL, 
	PRIMARY KEY (token), 
	FOREIGN KEY(page_id) REFERENCES page (id)
);
CREATE TABLE rating (
	id INTEGER NOT NULL, 
	page_id INTEGER NOT NULL, 
	presentation VARCHAR NOT NULL, 
	question VARCHAR NOT NULL, 
	value FLOAT, 
	changes INTEGER NOT NULL, 
	client VARCHAR NOT NULL, 
	seq BIGINT NOT NULL, 
	at_ms FLOAT, 
	at VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (page_id, presentation, question), 
	FOREIGN KEY(page_id) REFERENCES page (id)
);
CREATE TABLE session (
	token VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	study_version VARCHAR NOT NULL, 
	mark VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	seed VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	"plan" JSON NOT NULL, 
	place INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	next_seq BIGINT NOT NULL, 
	completion_code VARCHAR NOT NULL, 
	agent VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	updated_at VARCHAR NOT NULL, 
	completed_at VARCHAR, 
	PRIMARY KEY (token), 
	UNIQUE (study_version, mark, number), 
	UNIQUE (id), 
	FOREIGN KEY(study_version) REFERENCES study_version (sha256)
);
CREATE TABLE study_version (
	sha256 VARCHAR NOT NULL, 
	study VARCHAR NOT NULL, 
	snapshot JSON NOT NULL, 
	created_at VARCHAR NOT NULL, 
	frozen_at VARCHAR, 
	PRIMARY KEY (sha256)
);
