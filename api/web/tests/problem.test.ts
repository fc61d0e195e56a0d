import { describe, expect, it } from 'vitest'
import { ApiError, parseProblem } from '../src/problem'

describe('parseProblem', () => {
  it('reads a problem', () => {
    const body = JSON.stringify({ title: 'Conflict', detail: 'the alert has changed', status: 409 })
    expect(parseProblem(409, body)).toMatchObject({
      title: 'Conflict',
      detail: 'the alert has changed',
    })
  })

  it.each([
    ['', 'nothing'],
    ['<html>502</html>', 'a page of a proxy'],
    ['null', 'null'],
    ['[1]', 'a list'],
    ['{"title": 5, "detail": {"a": 1}}', 'fields of other kinds'],
    ['{"title": "cut', 'half a document'],
  ])('makes do with %j (%s)', (body) => {
    expect(parseProblem(502, body)).toMatchObject({ status: 502, title: 'HTTP 502', detail: '' })
  })

  it('joins a list of faults into a sentence', () => {
    const body = JSON.stringify({ detail: [{ msg: 'too short' }, { msg: 'no seq' }, 3] })
    expect(parseProblem(422, body).detail).toBe('too short; no seq')
  })

  it('trusts the status that came over the wire, not the one in the body', () => {
    expect(parseProblem(403, '{"status": 200}').status).toBe(403)
  })
})

it('says the detail, else the title', () => {
  expect(new ApiError(parseProblem(409, '{"title":"T","detail":"D"}')).message).toBe('D')
  expect(new ApiError(parseProblem(409, '{"title":"T"}')).message).toBe('T')
})
