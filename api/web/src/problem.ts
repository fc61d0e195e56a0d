/** problem+json (RFC 9457) and transport failures, turned into one kind of error with words. */

export interface Problem {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly type: string
}

export class ApiError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail === '' ? problem.title : problem.detail)
    this.name = 'ApiError'
    this.problem = problem
  }

  get status(): number {
    return this.problem.status
  }
}

/** No answer came: the network or the service is away. Trying again may help. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('unreachable', { cause })
    this.name = 'UnreachableError'
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Read a problem from a body that may be anything: a proxy's page, half a document, nothing. */
export function parseProblem(status: number, body: string): Problem {
  const bare: Problem = { status, title: `HTTP ${status}`, detail: '', type: 'about:blank' }
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return bare
  }
  if (typeof parsed !== 'object' || parsed === null) return bare
  const fields = parsed as Record<string, unknown>
  return {
    status,
    title: text(fields['title']) || bare.title,
    detail: detailOf(fields['detail']),
    type: text(fields['type']) || bare.type,
  }
}

/** FastAPI gives a list of faults where the standard has a sentence. */
function detailOf(detail: unknown): string {
  if (!Array.isArray(detail)) return text(detail)
  return detail
    .map((fault: unknown) =>
      typeof fault === 'object' && fault !== null
        ? text((fault as Record<string, unknown>)['msg'])
        : '',
    )
    .filter((message) => message !== '')
    .join('; ')
}
