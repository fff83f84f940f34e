{{/* What the watch may do where pods live. It reads, and never writes. */}}
{{- define "telemetry-processor.podRules" -}}
- apiGroups: ['']
  resources: [pods]
  verbs: [get, list, watch]
{{- range concat .Values.kubernetes.ownerKinds .Values.kubernetes.extraOwnerKinds }}
- apiGroups: [{{ .apiGroup | squote }}]
  resources:
    {{- toYaml .resources | nindent 4 }}
  verbs: [get, list]
{{- end }}
{{- end -}}

{{/* Nodes lie in no namespace. */}}
{{- define "telemetry-processor.nodeRules" -}}
- apiGroups: ['']
  resources: [nodes]
  verbs: [list, watch]
{{- end -}}

{{- define "telemetry-processor.subjects" -}}
- kind: ServiceAccount
  name: {{ include "telemetry-processor.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
