-- Bytes that are here are not missing, whoever stored them.
CREATE TRIGGER blobs_add AFTER INSERT ON blobs BEGIN
  DELETE FROM missing WHERE sha256 = new.sha256;
END;
