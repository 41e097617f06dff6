-- Who wrote an e-mail and was answered by a machine, by blind index of the address, so that nobody is answered twice a day
-- and two machines do not answer each other. Forgotten after two days.
CREATE TABLE record.mail_answer (
    address_index bytea PRIMARY KEY,
    answered_at timestamptz NOT NULL
);
CREATE INDEX mail_answer_answered_at ON record.mail_answer (answered_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON record.mail_answer TO hub_app;
