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
CREATE INDEX ix_presentation_page_id ON presentation (page_id);
CREATE TABLE journal (
	id INTEGER NOT NULL, 
	session_token VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	client VARCHAR NOT NULL, 
	lines VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (session_token, number), 
	FOREIGN KEY(session_token) REFERENCES session (token)
);
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
	done_at VARCHAR, turn INTEGER DEFAULT '-1' NOT NULL, 
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
	completed_at VARCHAR, holds INTEGER DEFAULT '1' NOT NULL, main_pages INTEGER DEFAULT '0' NOT NULL, done_pages INTEGER DEFAULT '0' NOT NULL, erased_at VARCHAR, 
	PRIMARY KEY (token), 
	UNIQUE (study_version, mark, number), 
	UNIQUE (id), 
	FOREIGN KEY(study_version) REFERENCES study_version (sha256)
);
CREATE INDEX session_by_state ON session (study_version, mark, state, holds);
CREATE INDEX session_by_time ON session (study_version, created_at, id);
CREATE TABLE session_count (
	study_version VARCHAR NOT NULL, 
	mark VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	sessions INTEGER NOT NULL, 
	PRIMARY KEY (study_version, mark, state), 
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
CREATE TABLE unit_count (
	study_version VARCHAR NOT NULL, 
	mark VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	turn INTEGER NOT NULL, 
	held INTEGER NOT NULL, 
	heard INTEGER NOT NULL, 
	ratings INTEGER NOT NULL, 
	PRIMARY KEY (study_version, mark, unit, turn), 
	FOREIGN KEY(study_version) REFERENCES study_version (sha256)
);
