/**
 * What the server says in English, in Chinese: what is told of the codes of errors, and the names of checks. Details, which
 * name what it is about, stay as they are.
 */
import { fingerprint } from './fingerprint.ts';

/** Of each code its title, what to do, and the fingerprint of the English text of that: an error may know a better one. */
export const PROBLEMS: Readonly<Record<string, readonly [title: string, remedy: string, of: string]>> = {
  'not-found': ['对象不存在。', '再次运行任务;若对象应当存在,请检查键和存储路径。', '58skuu'],
  'no-such-bucket': [
    '存储桶不存在。',
    '请检查 `bucket_name`、`endpoint` 和 `region`;先在目标端创建存储桶。',
    '1vbvvw9',
  ],
  'no-such-directory': [
    '目录不存在。',
    '请检查端点的 `path`(相对路径以工作目录为起点),以及所有文件系统均已挂载。',
    '1aop4ej',
  ],
  'already-exists': ['同键对象已存在。', '没有数据丢失。再次运行任务以比较两者。', '1gwtdgm'],
  changed: [
    '源对象在读取期间发生变化。',
    'Ferry 会自动重新开始该对象。若一直变化,请在空闲时段再次运行任务。',
    'rpp4nm',
  ],
  'path-conflict': ['文件与目录同名。', '请在源端重命名其中一个,或迁移到对象存储。', '62wjix'],
  'access-denied': [
    '存储拒绝访问。',
    '请为密钥授予列举、读取(源)或写入、删除(目标)权限;`ferry check` 会指出哪一项失败。',
    '92d3dm',
  ],
  'bad-credentials': [
    '存储不接受该凭证。',
    '请检查 `access_key_id` 和 `secret_access_key`,并确认它们属于该端点。',
    '191usqs',
  ],
  'expired-credentials': ['凭证已过期。', '请获取新凭证并再次运行同一命令;将从中断处继续。', '1cy2h5c'],
  'no-credentials': [
    '未找到凭证。',
    '请在任务文件中设置 `access_key_id` 和 `secret_access_key`;公开存储桶请设 `anonymous: true`。',
    '1e9em5j',
  ],
  'clock-skew': ['本机与存储的时钟相差过大。', '请同步时钟(NTP)后再次运行。', '18qa9yy'],
  throttled: ['存储要求减速。', 'Ferry 会自动退避。若持续如此,请降低 `rate_limit` 或 `concurrency`。', 'uuatas'],
  unavailable: ['存储未能应答请求。', 'Ferry 会自动重试。若持续如此,请检查存储的健康状况。', 'ibfq81'],
  timeout: ['长时间没有进展。', '请检查到存储的网络。`timeout_config` 设定可容忍多久没有进展。', 'pcai9'],
  network: ['连接中断。', 'Ferry 会自动重试。若持续如此,请检查地址、端口、防火墙和代理。', '1qoptsd'],
  dns: ['无法解析主机名。', '请检查端点;若存储桶名不在 DNS 中,可设 `path_style: true`。', '1bmll97'],
  tls: ['无法建立安全连接。', '请在 `ca_file` 中提供签发机构证书,或更正端点(没有 TLS 时用 `http://`)。', '81mr40'],
  proxy: ['代理拒绝或失败。', '请检查配置文件中的 `proxy`,或把主机列入 `NO_PROXY`。', '12cz2fi'],
  'short-read': ['应答在全部字节到达前结束。', 'Ferry 会重新读取其余部分。没有存储任何不完整的内容。', '15p5yri'],
  'wrong-length': ['字节数与承诺不符。', 'Ferry 会重试;没有存储错误内容。若持续如此,则中间环节改动了应答。', '11hu2z9'],
  'wrong-checksum': ['字节与校验和不符。', 'Ferry 会重试;没有存储错误内容。若持续如此,则源对象本身已损坏。', '18v4eql'],
  'bad-response': ['应答无法理解。', '请检查端点和代理;`ferry check` 会显示其应答。', '1cltr36'],
  'bad-listing': ['列举结果重复、倒退或无序。', '请为该存储设置 `list_order: unordered`;Ferry 会自行排序。', 'vt2to7'],
  unsupported: ['存储不支持此操作。', '请去掉该选项或换用其他目标;`ferry check` 列出存储的能力。', '6q08f6'],
  'too-large': ['对象超出目标允许的大小。', '请用过滤器排除它,或选择上限更高的目标。', '157o373'],
  'bad-key': ['名称无法使用。', '请在源端重命名、设置正确的 `encoding`,或用过滤器排除。', '1161r74'],
  irregular: ['这不是普通文件。', '没有可复制的内容。请排除它,或在 `symlinks` 中选择其他策略。', 'x4qv8x'],
  'metadata-too-large': ['元数据超出目标允许的大小。', '请为这些对象选择 `metadata: drop`,或在源端缩短。', '1lil5xq'],
  'disk-full': ['空间不足。', '请腾出空间并再次运行同一命令;将从中断处继续。', '1i04q50'],
  permission: ['操作系统拒绝访问文件。', '请更正所有者或权限,或以有权限的用户运行。', '969zlp'],
  configuration: ['配置不可用。', '请更正消息中指出的位置。', 'pstxhb'],
  'outside-file-roots': [
    '服务器不得访问本机的这个位置。',
    '请把该目录加入配置文件的 `control.file_roots` 并重新启动 `ferry serve`;或改用允许的目录。`$FERRY_HOME` 始终不允许。',
    'hka517',
  ],
  'task-not-found': [
    '没有此名称的任务。',
    '`ferry status` 列出任务;用 `ferry run NAME -t TASK.yaml` 创建。',
    '1aqcc21',
  ],
  'task-mismatch': [
    '该任务已存在,但来源或目标不同。',
    '请换用其他名称;若不再需要旧任务,先运行 `ferry delete NAME`。',
    'yy76g7',
  ],
  'task-running': ['任务正在另一进程中运行。', '请等待或停止它;`ferry status NAME` 显示其运行位置。', 'vykncg'],
  guard: [
    'Ferry 拒绝删除如此多的对象。',
    '没有删除任何内容。请检查来源;`ferry plan NAME` 显示将删除什么。若确要全部删除,`ferry run NAME --without-guard` 仅此一次,任务文件中的 `delete_guard: off` 则始终删除。',
    'ar9c8n',
  ],
  state: ['无法读写状态库。', '请腾出空间、检查 `$FERRY_HOME`,或使用创建它的版本。', 'y08m8a'],
  interrupted: ['已按要求停止。', '同一命令会从中断处继续。', 'whjoql'],
  internal: ['发生了不该发生的事。', '请附上日志报告;您的数据没有风险:未经校验的都不算完成。', 'd39yg0'],
  'invalid-request': ['请求不符合要求。', '请更正 `errors` 中指出的位置;/v1/openapi.json 说明各字段。', '1q8xgdb'],
  unauthenticated: [
    '凭证无人识别。',
    '请发送 `Authorization: Bearer TOKEN`;`ferry token create` 可创建令牌。',
    'zwevrb',
  ],
  forbidden: ['此令牌或会话无权执行该操作。', '请使用具有消息中所述角色的令牌。', 'tuae1n'],
  'no-such-resource': ['此地址没有内容。', '请查看它应在的列表;/v1/openapi.json 列出所有地址。', '1ms35op'],
  'method-not-allowed': ['不能对该资源执行此操作。', 'Allow 头列出可用的方法。', '1dzjlnh'],
  conflict: ['与当前状态不符。', '请重新读取该资源,并据此决定。', '1jn0n73'],
  'changed-meanwhile': ['读取之后已被他人更改。', '请重新读取,并在 If-Match 中发送新的 ETag。', '9lv37w'],
  'body-too-large': ['请求体过大。', '请减少单次发送量,或以引用方式提供长列表。', '4t0gud'],
  'wrong-content-type': ['不接受此类型的请求体。', '请以 `Content-Type: application/json` 发送 JSON。', '179h874'],
  'other-request': ['该幂等键已用于另一请求。', '请为每个新请求使用新键;仅在请求完全相同时重复使用。', 'r3whc4'],
  'no-if-match': ['更改时须说明所更改的版本。', '请在 If-Match 中发送读取该资源时的 ETag。', '1fk8p7z'],
  'too-slow': ['请求体到达过慢。', '请加快发送,每秒至少数 KiB;或以引用方式提供长列表。', '15vkodm'],
  busy: ['此类操作过多,暂无余量。', '请在 Retry-After 所示时间之后再次发送请求。', '12igprw'],
  'too-many-failures': ['此地址使用错误凭证的尝试过多。', '请等待 Retry-After 所示的时间。', '1xvclu5'],
};

/** Names of checks of stores and tasks, and of what has to hold before a step of a move. */
export const CHECKS: Readonly<Record<string, string>> = {
  open: '打开',
  'name resolution': '名称解析',
  reach: '可达性',
  service: '服务',
  connection: '连接',
  TLS: 'TLS 安全连接',
  clock: '时钟',
  credentials: '凭证',
  list: '列举',
  read: '读取',
  write: '写入',
  remove: '删除',
  fetch: '拉取',
  measured: '实测能力',
  etags: 'ETag 含义',
  'the step follows': '步骤顺序正确',
  'every gateway knows': '所有网关均已知晓',
  'a gateway runs': '有网关在运行',
  'both sides list in order of key': '两侧均按键序列举',
  'new checks what it is sent': '新侧会校验收到的内容',
  'both sides answer': '两侧均有应答',
  'new is empty': '新侧为空',
  'records of an earlier round are forgotten': '上一轮的记录已清除',
  'everything is copied': '已全部复制',
  'the move does not rest': '迁移未暂停',
  'old is kept up to date': '旧侧保持同步',
  'the lag is small': '延迟很小',
  'both sides were found equal': '两侧比对一致',
};

export interface ServerTexts {
  /** What a code means; `english` where nothing better is known. */
  title(code: string, english: string): string;
  /** What to do. */
  remedy(english: string): string;
  check(english: string): string;
}

export function serverTexts(locale: 'en' | 'zh'): ServerTexts {
  if (locale === 'en')
    return { title: (_, english) => english, remedy: (english) => english, check: (english) => english };
  const remedies = new Map(Object.values(PROBLEMS).map(([, remedy, of]) => [of, remedy]));
  return {
    title: (code, english) => PROBLEMS[code]?.[0] ?? english,
    remedy: (english) => remedies.get(fingerprint(english)) ?? english,
    check: (english) => CHECKS[english] ?? english,
  };
}
