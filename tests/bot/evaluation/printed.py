"""Holds what kubectl prints of a small made-up shop, for the tests of the reader."""

POD = """\
Name:             {app}-5f4d-abcde
Namespace:        shop
Priority:         0
Service Account:  {app}
Node:             node-1/10.1.0.1
Start Time:       Fri, 20 Nov 2026 10:00:00 +0000
Labels:           app={app}
                  pod-template-hash=5f4d
Annotations:      <none>
Status:           Running
IP:               10.0.0.7
IPs:
  IP:           10.0.0.7
Controlled By:  ReplicaSet/{app}-5f4d
Containers:
  server:
    Container ID:   containerd://0123
    Image:          registry.example.com/{app}:1.8.0
    Port:           8080/TCP
    Host Port:      0/TCP
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Exit Code:    137
      Started:      Fri, 20 Nov 2026 10:01:00 +0000
      Finished:     Fri, 20 Nov 2026 10:01:20 +0000
    Ready:          False
    Restart Count:  4
    Limits:
      cpu:     300m
      memory:  128Mi
    Requests:
      cpu:     200m
      memory:  64Mi
    Liveness:   http-get http://:8081/healthz delay=5s timeout=1s period=10s #success=1 #failure=3
    Readiness:  grpc <pod>:8080  delay=5s timeout=1s period=10s #success=1 #failure=3
    Environment:
      PORT:       8080
      STORE_ADDR: store:5432
      PASSWORD:   <set to the key 'password' in secret 'db'>  Optional: false
    Mounts:
      /data from data (rw)
Conditions:
  Type                        Status
  PodReadyToStartContainers   True 
  Ready                       False 
  PodScheduled                True 
Volumes:
  data:
    Type:       PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:  data-claim
    ReadOnly:   false
Node-Selectors:  disk=ssd
                 zone=a
Tolerations:     gpu=true:NoSchedule
                 node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
Events:
  Type     Reason     Age                From               Message
  ----     ------     ----               ----               -------
  Normal   Scheduled  93s                default-scheduler  Successfully assigned shop/{app}-5f4d-abcde to node-1
  Warning  Unhealthy  2s (x9 over 82s)   kubelet            Liveness probe failed: Get "http://10.0.0.7:8081/healthz": dial tcp 10.0.0.7:8081: connect: connection refused
  Normal   Killing    2s (x3 over 62s)   kubelet            Container server failed liveness probe, will be restarted
"""  # noqa: E501, W291

PODS = """\
NAME               READY   STATUS             RESTARTS      AGE   IP         NODE     NOMINATED NODE   READINESS GATES
{app}-5f4d-abcde   0/1     CrashLoopBackOff   4 (47s ago)   93s   10.0.0.7   node-1   <none>           <none>
"""

DEPLOYMENT = """\
Name:                   {app}
Namespace:              shop
CreationTimestamp:      Fri, 20 Nov 2026 10:00:00 +0000
Labels:                 app={app}
Annotations:            deployment.kubernetes.io/revision: 2
                        kubernetes.io/change-cause: release 1.8.0
Selector:               app={app}
Replicas:               1 desired | 1 updated | 1 total | 0 available | 1 unavailable
StrategyType:           RollingUpdate
Pod Template:
  Labels:           app={app}
  Service Account:  {app}
  Containers:
   server:
    Image:      registry.example.com/{app}:1.8.0
    Port:       8080/TCP
    Host Port:  0/TCP
    Limits:
      memory:  128Mi
    Liveness:   http-get http://:8081/healthz delay=5s timeout=1s period=10s #success=1 #failure=3
    Readiness:  grpc <pod>:8080  delay=5s timeout=1s period=10s #success=1 #failure=3
    Environment:
      PORT:  8080
    Mounts:  <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Progressing    True    ReplicaSetUpdated
  Available      False   MinimumReplicasUnavailable
OldReplicaSets:  <none>
NewReplicaSet:   {app}-5f4d (1/1 replicas created)
Events:
  Type    Reason             Age   From                   Message
  ----    ------             ----  ----                   -------
  Normal  ScalingReplicaSet  96s   deployment-controller  Scaled up replica set {app}-5f4d to 1
"""

REPLICA_SET = """\
Name:           {app}-5f4d
Namespace:      shop
Selector:       app={app},pod-template-hash=5f4d
Labels:         app={app}
                pod-template-hash=5f4d
Annotations:    deployment.kubernetes.io/desired-replicas: 1
                deployment.kubernetes.io/revision: 2
Controlled By:  Deployment/{app}
Replicas:       1 current / 1 desired
Pods Status:    1 Running / 0 Waiting / 0 Succeeded / 0 Failed
Pod Template:
  Labels:           app={app}
                    pod-template-hash=5f4d
  Containers:
   server:
    Image:      registry.example.com/{app}:1.8.0
    Port:       8080/TCP
Events:  <none>
"""

SERVICE = """\
Name:                     {app}
Namespace:                shop
Labels:                   app={app}
Annotations:              <none>
Selector:                 app={app}
Type:                     ClusterIP
IP:                       10.2.0.1
Port:                     http  80/TCP
TargetPort:               8080/TCP
Port:                     <unset>  90/UDP
TargetPort:               metrics/UDP
Endpoints:                10.0.0.7:8080
Session Affinity:         None
Events:                   <none>
"""

ENDPOINTS = """\
Name:         {app}
Namespace:    shop
Labels:       app={app}
Subsets:
  Addresses:          <none>
  NotReadyAddresses:  10.0.0.7
  Ports:
    Name  Port  Protocol
    ----  ----  --------
    http  8080  TCP

Events:  <none>
"""

NODE = """\
Name:               node-1
Roles:              node
Labels:             disk=ssd
                    kubernetes.io/hostname=node-1
                    kubernetes.io/role=node
CreationTimestamp:  Mon, 10 Aug 2026 15:49:09 +0000
Taints:             gpu=true:NoSchedule
                    node.kubernetes.io/unschedulable:NoSchedule
Unschedulable:      true
Conditions:
  Type             Status   LastHeartbeatTime                 LastTransitionTime                Reason              Message
  ----             ------   -----------------                 ------------------                ------              -------
  MemoryPressure   False    Fri, 20 Nov 2026 10:02:00 +0000   Mon, 10 Aug 2026 15:49:09 +0000   KubeletHasSufficientMemory   kubelet has sufficient memory available
  Ready            False    Fri, 20 Nov 2026 10:02:00 +0000   Mon, 10 Aug 2026 15:49:09 +0000   KubeletNotReady     PLEG is not healthy: pleg was last seen active 5m ago
Allocatable:
  cpu:                8
  memory:             15671352Ki
System Info:
  Kubelet Version:            v1.31.2
Events:              <none>
"""  # noqa: E501

CLAIM = """\
Name:          data-claim
Namespace:     shop
StorageClass:  
Status:        Pending
Volume:        
Labels:        <none>
Annotations:   <none>
Capacity:      
Access Modes:  
Used By:       {app}-5f4d-abcde
Events:
  Type    Reason         Age                From                         Message
  ----    ------         ----               ----                         -------
  Normal  FailedBinding  1s (x9 over 118s)  persistentvolume-controller  no persistent volumes available for this claim and no storage class is set
"""  # noqa: E501, W291

VOLUME = """\
Name:            disk-1
Labels:          disktype=hdd
Annotations:     <none>
StorageClass:    
Status:          Bound
Claim:           shop/other
Reclaim Policy:  Retain
Access Modes:    RWO
Capacity:        1Gi
Events:          <none>
"""  # noqa: W291

QUOTA = """\
Name:            ration
Namespace:       shop
Resource         Used    Hard
--------         ----    ----
requests.cpu     10      10
requests.memory  3000Mi  3Gi
"""

EVENTS = """\
LAST SEEN   TYPE      REASON         OBJECT                   MESSAGE
36s         Warning   FailedCreate   replicaset/{app}-5f4d    Error creating: pods "{app}-5f4d-" is forbidden: exceeded quota
2m          Normal    Scheduled      pod/elsewhere-1          Successfully assigned
"""  # noqa: E501

MANIFEST = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data-claim
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 3Gi
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
spec:
  replicas: 3
  template:
    spec:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - key: disk
                operator: In
                values: [ssd]
      imagePullSecrets:
      - name: registry
      containers:
      - name: server
        ports:
        - containerPort: 8080
          name: http
"""


def recorded(app: str = "till") -> dict[str, dict[str, object]]:
    """A recorded cluster, as a case has it."""
    asked = {
        "get pods": PODS,
        f"describe pods {app}-5f4d-abcde": POD,
        "get deployments": "NAME",
        f"describe deployments {app}": DEPLOYMENT,
        "get replicasets": "NAME",
        f"describe replicasets {app}-5f4d": REPLICA_SET,
        "get services": "NAME",
        f"describe services {app}": SERVICE,
        "get endpoints": "NAME",
        f"describe endpoints {app}": ENDPOINTS,
        "get nodes": "NAME",
        "describe nodes node-1": NODE,
        "get pvc": "NAME",
        "describe pvc data-claim": CLAIM,
        "get persistentvolumes": "NAME",
        "describe persistentvolumes disk-1": VOLUME,
        "get resourcequota": "NAME",
        "describe resourcequota ration": QUOTA,
    }
    state: dict[str, object] = {
        f"kubectl {typed} -n shop -o wide": printed.replace("{app}", app) for typed, printed in asked.items()
    }
    state["kubectl get events -n shop --sort-by='.lastTimestamp' | tail -n 20"] = EVENTS.replace("{app}", app)
    state["kubectl get pods -n kube-system"] = PODS.replace("{app}", "dns")
    probes: dict[str, object] = {
        f'CheckServiceConnectivity:{{"namespace":"shop","service_name":"{app}","port":80}}': "Connection Failed",
        "CheckServiceConnectivity-shop-store-5432": "store (10.0.0.8:5432) open\nConnection Succeeded",
        'CheckNodeServiceStatus:{"node_name":"node-1","service_name":"kubelet"}': (
            "● kubelet.service\n     Active: inactive (dead) since Fri 2026-11-20 10:00:00 UTC"
        ),
        'CheckNodeServiceStatus:{"node_name":"node-1","service_name":"containerd"}': "Active: active (running)",
    }
    return {"state": state, "probes": probes, "manifests": {app: MANIFEST.replace("{app}", app)}, "cluster": {}}
