"""What a schema-aware Kubernetes merge needs: schemas, field sets, typed merges and managedFields.

The rules are those of server-side apply as kubernetes.io documents it and as KEP-555 and the
structured-merge-diff library define it.
"""
