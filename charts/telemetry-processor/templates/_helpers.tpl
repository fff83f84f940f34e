{{- define "telemetry-processor.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters, so that the suffixes of other objects fit into 63. */}}
{{- define "telemetry-processor.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* Roles lie outside of the release's namespace, so their names hold it. */}}
{{- define "telemetry-processor.roleName" -}}
{{- printf "%s:%s" .Release.Namespace (include "telemetry-processor.fullname" .) -}}
{{- end -}}

{{- define "telemetry-processor.selectorLabels" -}}
app.kubernetes.io/name: {{ include "telemetry-processor.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "telemetry-processor.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "telemetry-processor.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "telemetry-processor.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "telemetry-processor.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "telemetry-processor.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "telemetry-processor.usesTokens" -}}
{{- if eq .Values.auth.mode "tokens" }}yes{{ end -}}
{{- end -}}

{{- define "telemetry-processor.usesEndpoints" -}}
{{- if or .Values.storage.endpoints .Values.storage.existingSecret }}yes{{ end -}}
{{- end -}}

{{/* What the release's own secret holds; empty when every secret is somebody else's. */}}
{{- define "telemetry-processor.ownSecrets" -}}
{{- if not .Values.database.existingSecret }}
database-url: {{ .Values.database.url | quote }}
{{- end }}
{{- if and (include "telemetry-processor.usesTokens" .) (not .Values.auth.existingSecret) }}
auth-tokens: |
  {{- range .Values.auth.tokens }}
  {{ printf "%s:%s:%s" .name .role .secret }}
  {{- end }}
{{- end }}
{{- if .Values.storage.endpoints }}
storage-endpoints: {{ .Values.storage.endpoints | toJson | quote }}
{{- end }}
{{- end -}}

{{/* The configuration file: settings of the chart, and .Values.config, which cannot hold the same ones. */}}
{{- define "telemetry-processor.config" -}}
{{- $own := dict "cluster_name" .Values.clusterName "auth_mode" .Values.auth.mode -}}
{{- if include "telemetry-processor.usesTokens" . -}}
{{- $_ := set $own "auth_tokens_file" "/etc/telemetry-processor/secrets/auth-tokens" -}}
{{- end -}}
{{- $_ := set $own "kubernetes_mode" (ternary "in-cluster" "off" .Values.kubernetes.enabled) -}}
{{- if and .Values.kubernetes.enabled .Values.kubernetes.namespaces -}}
{{- $_ := set $own "kubernetes_namespaces" .Values.kubernetes.namespaces -}}
{{- end -}}
{{- merge $own .Values.config | toYaml -}}
{{- end -}}

{{/* Seconds of a duration such as 1m30s. */}}
{{- define "telemetry-processor.seconds" -}}
{{- $units := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" (toString .) -1 -}}
{{- $sum = addf $sum (mulf (regexFind "[0-9]+" .) (get $units (regexFind "[a-z]+" .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/* Refuses what the service could not start with, or what says two things at once. */}}
{{- define "telemetry-processor.check" -}}
{{- if and (not .Values.database.url) (not .Values.database.existingSecret) -}}
{{- fail "A PostgreSQL database is needed: set database.url, or database.existingSecret to a secret that holds the URL" -}}
{{- end -}}
{{- if and .Values.database.url .Values.database.existingSecret -}}
{{- fail "Set one of database.url and database.existingSecret, not both" -}}
{{- end -}}
{{- if and (include "telemetry-processor.usesTokens" .) (not .Values.auth.tokens) (not .Values.auth.existingSecret) -}}
{{- fail "Tokens are needed: set auth.tokens, or auth.existingSecret to a secret that holds them, or auth.mode=none to let everybody in" -}}
{{- end -}}
{{- if and .Values.auth.tokens .Values.auth.existingSecret -}}
{{- fail "Set one of auth.tokens and auth.existingSecret, not both" -}}
{{- end -}}
{{- if and .Values.storage.endpoints .Values.storage.existingSecret -}}
{{- fail "Set one of storage.endpoints and storage.existingSecret, not both" -}}
{{- end -}}
{{- $stop := addf .Values.preStopSeconds (include "telemetry-processor.seconds" (dig "http_shutdown_timeout" "20s" .Values.config)) -}}
{{- if le (float64 .Values.terminationGracePeriodSeconds) $stop -}}
{{- fail (printf "terminationGracePeriodSeconds must be longer than preStopSeconds and config.http_shutdown_timeout together: %v s" $stop) -}}
{{- end -}}
{{- end -}}
