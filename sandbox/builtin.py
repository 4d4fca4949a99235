"""The built-in kinds that a sandbox serves, as one table."""

from __future__ import annotations

from sandbox.resources import ALL_VERBS, Resource, ScalePaths

READ_ONLY_REVIEW = ("create",)

_SCALE = ScalePaths()

# group, version, kind, plural, short names, flags: n namespaced, s status, c scale, a category "all",
# - no generation, r a review that is only created.
_TABLE = """
core v1 Namespace               namespaces              ns      s-
core v1 Node                    nodes                   no      s-
core v1 PersistentVolume        persistentvolumes       pv      s-
core v1 ConfigMap               configmaps              cm      n-
core v1 Secret                  secrets                 .       n-
core v1 Service                 services                svc     nsa-
core v1 ServiceAccount          serviceaccounts         sa      n-
core v1 Endpoints               endpoints               ep      n-
core v1 Event                   events                  ev      n-
core v1 LimitRange              limitranges             limits  n-
core v1 PersistentVolumeClaim   persistentvolumeclaims  pvc     ns-
core v1 Pod                     pods                    po      nsa
core v1 PodTemplate             podtemplates            .       n
core v1 ReplicationController   replicationcontrollers  rc      nsca
core v1 ResourceQuota           resourcequotas          quota   ns-
apps v1 ControllerRevision      controllerrevisions     .       n-
apps v1 DaemonSet               daemonsets              ds      nsa
apps v1 Deployment              deployments             deploy  nsca
apps v1 ReplicaSet              replicasets             rs      nsca
apps v1 StatefulSet             statefulsets            sts     nsca
batch v1 CronJob                cronjobs                cj      nsa
batch v1 Job                    jobs                    .       nsa
autoscaling v2 HorizontalPodAutoscaler horizontalpodautoscalers hpa nsa-
networking.k8s.io v1 Ingress        ingresses       ing     ns
networking.k8s.io v1 IngressClass   ingressclasses  .       .
networking.k8s.io v1 NetworkPolicy  networkpolicies netpol  n
policy v1 PodDisruptionBudget       poddisruptionbudgets pdb ns
rbac.authorization.k8s.io v1 ClusterRole        clusterroles        .   -
rbac.authorization.k8s.io v1 ClusterRoleBinding clusterrolebindings .   -
rbac.authorization.k8s.io v1 Role               roles               .   n-
rbac.authorization.k8s.io v1 RoleBinding        rolebindings        .   n-
storage.k8s.io v1 StorageClass       storageclasses      sc  -
storage.k8s.io v1 CSIDriver          csidrivers          .   -
storage.k8s.io v1 CSINode            csinodes            .   -
storage.k8s.io v1 CSIStorageCapacity csistoragecapacities . n-
storage.k8s.io v1 VolumeAttachment   volumeattachments   .   s-
admissionregistration.k8s.io v1 MutatingWebhookConfiguration     mutatingwebhookconfigurations      . .
admissionregistration.k8s.io v1 ValidatingWebhookConfiguration   validatingwebhookconfigurations    . .
admissionregistration.k8s.io v1 ValidatingAdmissionPolicy        validatingadmissionpolicies        . s
admissionregistration.k8s.io v1 ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings  . .
scheduling.k8s.io v1 PriorityClass priorityclasses pc .
coordination.k8s.io v1 Lease leases . n-
discovery.k8s.io v1 EndpointSlice endpointslices . n
events.k8s.io v1 Event events ev n-
node.k8s.io v1 RuntimeClass runtimeclasses . -
apiextensions.k8s.io v1 CustomResourceDefinition customresourcedefinitions crd,crds s
apiregistration.k8s.io v1 APIService apiservices . s-
certificates.k8s.io v1 CertificateSigningRequest certificatesigningrequests csr s-
authentication.k8s.io v1 TokenReview       tokenreviews        . r
authentication.k8s.io v1 SelfSubjectReview selfsubjectreviews  . r
authorization.k8s.io v1 SelfSubjectAccessReview  selfsubjectaccessreviews   . r
authorization.k8s.io v1 SelfSubjectRulesReview   selfsubjectrulesreviews    . r
authorization.k8s.io v1 SubjectAccessReview      subjectaccessreviews       . r
authorization.k8s.io v1 LocalSubjectAccessReview localsubjectaccessreviews  . nr
"""

_PACKAGES = {
    "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
}
_EXTENSIONS = {
    "customresourcedefinitions": ("api-extensions",),
    "apiservices": ("api-extensions",),
    "mutatingwebhookconfigurations": ("api-extensions",),
    "validatingwebhookconfigurations": ("api-extensions",),
    "validatingadmissionpolicies": ("api-extensions",),
    "validatingadmissionpolicybindings": ("api-extensions",),
}


def definition_name(group: str, version: str, kind: str) -> str:
    """The name of a built-in kind's schema: `io.k8s.api.<group's first label>.<version>.<Kind>`."""
    package = _PACKAGES.get(group) or f"io.k8s.api.{group.split('.', maxsplit=1)[0] or 'core'}"
    return f"{package}.{version}.{kind}"


def _row(line: str) -> Resource:
    group, version, kind, plural, shorts, flags = line.split()
    group = "" if group == "core" else group
    review = "r" in flags
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        namespaced="n" in flags,
        short_names=() if shorts == "." else tuple(shorts.split(",")),
        categories=("all",) if "a" in flags else _EXTENSIONS.get(plural, ()),
        status="s" in flags,
        scale=_SCALE if "c" in flags else None,
        generation="-" not in flags and not review,
        definition=definition_name(group, version, kind),
        verbs=READ_ONLY_REVIEW if review else ALL_VERBS,
    )


BUILTIN: tuple[Resource, ...] = tuple(_row(line) for line in _TABLE.strip().splitlines())
"""In discovery's order."""
